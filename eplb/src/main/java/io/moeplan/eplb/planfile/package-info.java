/** Plan files: written, read, and checked from scratch. */
package io.moeplan.eplb.planfile;
