/**
 * A small, safe interpreter of the Jinja subset that chat templates are written in, with Python's semantics.
 *
 * <p>
 * Whitespace and behaviour follow jinja2 as Hugging Face transformers configures it: {@code trim_blocks} and
 * {@code lstrip_blocks} on, loop controls, a sandbox without mutation, {@code tojson} that keeps non-ASCII text. Values
 * are strings, {@code Long}, {@code Double}, {@code Boolean}, null, lists, maps and the callables of this package:
 * nothing is looked up by reflection, and every loop, string and recursion is bounded.
 */
package io.moeplan.engine.jinja;
