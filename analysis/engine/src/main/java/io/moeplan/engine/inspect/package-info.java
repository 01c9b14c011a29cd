/** What a model directory holds and what running it takes, from config.json and headers alone. */
package io.moeplan.engine.inspect;
