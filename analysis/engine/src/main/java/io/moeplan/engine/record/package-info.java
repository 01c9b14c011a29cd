/** The recorder: what the router decided, handed to a sink as rows and steps. */
package io.moeplan.engine.record;
