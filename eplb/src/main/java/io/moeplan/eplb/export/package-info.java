/** Plans as the files that inference engines load. */
package io.moeplan.eplb.export;
