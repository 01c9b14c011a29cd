package io.moeplan.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.moeplan.engine.Models;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * config.json as models are published with it. The files hold the values of the Hub's as public code and documentation
 * quote them (checked where it could be: GLM, MiniMax-M2, Llama 4, dots.llm1, Granite, Kimi-K2); the numbers of parameters
 * are those that the models are known by, so that a wrong width shows. Phi-3.5-MoE's position factors are made up.
 */
final class PublishedConfigsTest {
    private static Architecture read(String name) throws IOException {
        return Architectures.read(ConfigReader.open(file(name)));
    }

    private static Path file(String name) {
        return Models.resource("/configs/" + name + ".json");
    }

    private static String billions(long parameters) {
        return String.format(Locale.ROOT, "%.1f", parameters / 1e9);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"DeepSeek-V3, 61, 3, 58, 256, 8, 8/4, 2048, 2048, 64, 163840, 671.0, 37.6",
        "Kimi-K2-Instruct, 61, 1, 60, 384, 8, 1/1, 2048, 2048, 64, 131072, 1026.4, 32.9",
        "DeepSeek-V2, 60, 1, 59, 160, 6, 8/3, 1536, 3072, 64, 163840, 235.7, 21.4",
        "DeepSeek-V2-Lite, 27, 1, 26, 64, 6, 1/1, 1408, 2816, 64, 163840, 15.7, 2.7",
        "Qwen3-30B-A3B, 48, 0, 48, 128, 8, 1/1, 768, 0, 128, 40960, 30.5, 3.4",
        "Qwen3-235B-A22B-FP8, 94, 0, 94, 128, 8, 1/1, 1536, 0, 128, 40960, 235.1, 22.2",
        "Qwen1.5-MoE-A2.7B, 24, 0, 24, 60, 4, 1/1, 1408, 5632, 128, 8192, 14.3, 2.7",
        "Qwen2-57B-A14B, 28, 0, 28, 64, 8, 1/1, 2560, 20480, 128, 131072, 57.4, 14.2",
        "Qwen3-Next-80B-A3B, 48, 0, 48, 512, 10, 1/1, 512, 512, 64, 262144, 79.7, 3.9",
        "Mixtral-8x7B, 32, 0, 32, 8, 2, 1/1, 14336, 0, 128, 32768, 46.7, 12.9",
        "Mixtral-8x22B, 56, 0, 56, 8, 2, 1/1, 16384, 0, 128, 65536, 140.6, 39.2",
        "OLMoE-1B-7B, 16, 0, 16, 64, 8, 1/1, 1024, 0, 128, 4096, 6.9, 1.3",
        "GLM-4.5, 92, 3, 89, 160, 8, 1/1, 1536, 1536, 64, 131072, 352.8, 33.6",
        "GLM-4.5-Air, 46, 1, 45, 128, 8, 1/1, 1408, 1408, 64, 131072, 106.9, 13.4",
        "dots.llm1, 62, 1, 61, 128, 6, 1/1, 1408, 2816, 128, 32768, 142.8, 14.0",
        "MiniMax-M2, 62, 0, 62, 256, 8, 1/1, 1536, 0, 64, 196608, 228.7, 11.0",
        "gpt-oss-120b, 36, 0, 36, 128, 4, 1/1, 2880, 0, 64, 131072, 116.8, 5.7",
        "gpt-oss-20b, 24, 0, 24, 32, 4, 1/1, 2880, 0, 64, 131072, 20.9, 4.2",
        "granite-3.1-3b-a800m, 32, 0, 32, 40, 8, 1/1, 512, 0, 64, 131072, 3.3, 0.9",
        "Phi-3.5-MoE, 32, 0, 32, 16, 2, 1/1, 6400, 0, 128, 4096, 41.9, 6.6",
        "ERNIE-4.5-21B-A3B, 28, 1, 27, 64, 6, 1/1, 1536, 3072, 128, 131072, 21.8, 3.4",
        "ERNIE-4.5-300B-A47B, 54, 3, 51, 64, 8, 1/1, 3584, 0, 128, 131072, 299.5, 47.9",
        "Hunyuan-A13B, 32, 0, 32, 64, 8, 1/1, 3072, 3072, 128, 32768, 80.4, 12.7",
        "Llama-4-Scout, 48, 0, 48, 16, 1, 1/1, 8192, 8192, 128, 262144, 107.8, 17.2",
        "Llama-4-Maverick, 48, 1, 24, 128, 1, 1/1, 8192, 8192, 128, 1048576, 400.7, 17.2"})
    void describesTheModel(String name, int layers, int firstRouting, int routing, int experts, int topK, String groups,
            int width, int shared, int rotated, int positions, String total, String active) throws IOException {
        Architecture architecture = read(name);
        FeedForward.Sparse sparse = architecture.sparse(firstRouting);
        assertThat(architecture.layers()).hasSize(layers);
        assertThat(architecture.moeLayers()).hasSize(routing).startsWith(firstRouting);
        assertThat(sparse.router().experts()).isEqualTo(experts);
        assertThat(sparse.router().topK()).isEqualTo(topK);
        assertThat(sparse.router().groups().map(g -> g.count() + "/" + g.kept()).orElse("1/1")).isEqualTo(groups);
        assertThat(sparse.width()).isEqualTo(width);
        assertThat(sparse.shared().map(FeedForward.Shared::width).orElse(0)).isEqualTo(shared);
        assertThat(architecture.layers().stream().map(Architecture.Layer::attention)
                .filter(Attention.Softmax.class::isInstance).mapToInt(a -> ((Attention.Softmax) a).rotaryDim()).max())
                .hasValue(rotated);
        assertThat(architecture.maxPositions()).isEqualTo(positions);
        assertThat(billions(Parameters.total(architecture))).isEqualTo(total);
        assertThat(billions(Parameters.active(architecture))).isEqualTo(active);
    }

    @Test
    void layersOfDifferentKinds() throws IOException {
        Architecture next = read("Qwen3-Next-80B-A3B");
        assertThat(next.layers().get(2).attention()).isInstanceOf(Attention.GatedDelta.class);
        assertThat(next.layers().get(3).attention()).isInstanceOf(Attention.GroupedQuery.class);
        Architecture scout = read("Llama-4-Scout");
        Attention.GroupedQuery still = (Attention.GroupedQuery) scout.layers().get(3).attention();
        assertThat(still.rope()).isEmpty();
        assertThat(still.temperature()).isEqualTo(new Attention.Temperature(0.1, 8192));
        assertThat(((Attention.GroupedQuery) scout.layers().get(2).attention()).span().tokens()).isEqualTo(8192);
        Architecture gpt = read("gpt-oss-120b");
        assertThat(((Attention.GroupedQuery) gpt.layers().get(0).attention()).span().tokens()).isEqualTo(128);
        assertThat(((Attention.GroupedQuery) gpt.layers().get(1).attention()).span()).isEqualTo(Attention.Span.ALL);
        assertThat(read("Phi-3.5-MoE").headBias()).isTrue();
        assertThat(read("ERNIE-4.5-21B-A3B").tiedHead()).isTrue();
    }

    @Test
    void positions() throws IOException {
        Rope hunyuan = ((Attention.GroupedQuery) read("Hunyuan-A13B").layers().get(0).attention()).rope().orElseThrow();
        double base = 10_000 * Math.pow(1000, 128 / 126.0);
        assertThat(hunyuan.frequencies()[1]).isEqualTo((float) Math.pow(base, -2 / 128.0));
        Rope phi = ((Attention.GroupedQuery) read("Phi-3.5-MoE").layers().get(0).attention()).rope().orElseThrow();
        assertThat(phi.magnitude()).isEqualTo(1.2431631f);
    }

    /** int4 weights; experts of which those for images are narrower than those for text. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({"Kimi-K2.5, quantised with compressed-tensors (pack-quantized) are not supported",
        "ERNIE-4.5-VL-28B-A3B, layers (or experts) that differ in it are not supported"})
    void refuses(String name, String problem) {
        assertThatThrownBy(() -> read(name)).isInstanceOf(ModelException.class).hasMessageContaining(problem)
                .hasMessageContaining(name + ".json");
    }
}
