/** The commands: parse, wire, print. */
package io.moeplan.cli;
