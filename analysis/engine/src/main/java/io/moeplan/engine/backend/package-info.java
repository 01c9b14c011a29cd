/** What the engine asks of a device: a handful of coarse operations on a wave of sequences that stays on the device. */
package io.moeplan.engine.backend;
