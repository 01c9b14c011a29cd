/** Model families as data: what config.json says, which tensors it needs, and what a token costs. */
package io.moeplan.engine.model;
