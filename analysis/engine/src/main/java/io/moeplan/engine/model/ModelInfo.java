package io.moeplan.engine.model;

/**
 * What a recording says about the model it came from.
 *
 * @param name      the model directory's name
 * @param modelType {@code model_type} of config.json
 * @param digest    SHA-256 of config.json, hexadecimal
 * @param weights   {@link io.moeplan.tensors.Checkpoint#fingerprint} of its checkpoint
 * @param layers    all layers, routing or not
 * @param moeLayers the model's own number of each layer that routes, ascending
 * @param experts   logical experts per routing layer
 * @param topK      experts a token goes to
 * @param groups    expert groups the router limits itself by, 1 if none
 * @param bytes     bytes of tensor data in the checkpoint
 */
public record ModelInfo(String name, String modelType, String digest, String weights, int layers, int[] moeLayers,
        int experts, int topK, int groups, long bytes) {}
