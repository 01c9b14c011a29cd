/** Text to token ids and back, and conversations to text: the model's own tokenizer and chat template. */
package io.moeplan.engine.text;
