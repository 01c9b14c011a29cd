/** Arrow recordings of expert loads: write, read, recover. The only user of Arrow. */
package io.moeplan.recording;
