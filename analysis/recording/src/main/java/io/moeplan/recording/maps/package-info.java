/** Other engines' expert maps, read as plans, and SGLang's written as a PyTorch archive. */
package io.moeplan.recording.maps;
