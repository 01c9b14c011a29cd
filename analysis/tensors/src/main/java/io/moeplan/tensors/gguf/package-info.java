/** GGUF, the format of llama.cpp's models and importance matrices. */
package io.moeplan.tensors.gguf;
