package io.moeplan.engine.cuda;

import io.moeplan.engine.model.Router;
import java.util.List;
import java.util.Optional;

/**
 * The shape of a model's layers.
 *
 * @param layers of the whole model
 * @param heads  query heads; {@code keys} key heads of {@code dim} columns, or latent attention if {@code latent}
 * @param normed whether query and key heads are normed
 * @param shared columns of the shared expert, 0 for none
 */
record LayerShape(String name, int layers, int hidden, int heads, int keys, int dim, boolean normed, boolean latent,
        int experts, int topK, int width, int shared) {
    /** Ranks of latent queries and of latent keys and values: DeepSeek-V3's. */
    static final int QUERY_RANK = 1536;
    static final int KEY_RANK = 512;

    static final List<LayerShape> ALL = List.of(
            new LayerShape("qwen3-30b-a3b", 48, 2048, 32, 4, 128, true, false, 128, 8, 768, 0),
            new LayerShape("qwen3-235b-a22b", 94, 4096, 64, 4, 128, true, false, 128, 8, 1536, 0),
            new LayerShape("mixtral-8x7b", 32, 4096, 32, 8, 128, false, false, 8, 2, 14_336, 0),
            new LayerShape("deepseek-v3", 61, 7168, 128, 128, 192, false, true, 256, 8, 2048, 2048));

    static LayerShape of(String name) {
        return ALL.stream().filter(shape -> shape.name.equals(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no shape " + name + " among "
                        + ALL.stream().map(LayerShape::name).toList()));
    }

    Router router() {
        return latent
                ? new Router(experts, topK, Router.Score.SIGMOID, new Router.Divisor(true, 1e-20, 0), 2.5, false, true,
                        Optional.of(new Router.Groups(8, 4, 2)))
                : new Router(experts, topK, Router.Score.SOFTMAX, Router.Divisor.SUM, 1, false, false,
                        Optional.empty());
    }
}
