package io.moeplan.recording.imports;

import io.moeplan.recording.Absent;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import io.moeplan.tensors.SafetensorsFile;
import io.moeplan.tensors.StridedTensor;
import io.moeplan.tensors.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** The experts of each token, [tokens][top-k] for every rank, iteration and layer. Each iteration stands for a request. */
final class TensorRtLlmTokens implements TokenSource {
    private static final int CHUNK = 256;
    private static final Set<Absent> ABSENT = EnumSet.of(Absent.REQUESTS, Absent.TOKEN_IDS, Absent.POSITIONS,
            Absent.PHASES);

    private final TensorRtLlmDump dump;
    private final int[] layers;
    private final long[] iterations;
    /** Of each iteration. */
    private final int[] tokens;

    private TensorRtLlmTokens(TensorRtLlmDump dump) {
        this.dump = dump;
        this.layers = dump.layers();
        this.iterations = dump.iterations();
        this.tokens = new int[iterations.length];
    }

    /** Holds the tensors' shapes against each other. */
    static TensorRtLlmTokens scan(TensorRtLlmDump dump) throws IOException {
        dump.requireWhole();
        TensorRtLlmTokens made = new TensorRtLlmTokens(dump);
        for (int i = 0; i < made.iterations.length; i++) {
            for (SafetensorsFile rank : dump.ranks()) {
                List<StridedTensor> ids = made.ids(rank, made.iterations[i]);
                long sum = made.tokens[i] + (ids.isEmpty() ? 0 : ids.getFirst().size(0));
                if (sum > Integer.MAX_VALUE) {
                    throw new IOException(rank.path() + ": iteration " + made.iterations[i] + " has " + sum
                            + " tokens");
                }
                made.tokens[i] = (int) sum;
            }
        }
        return made;
    }

    /** The tensors of all layers, or none. */
    private List<StridedTensor> ids(SafetensorsFile rank, long iteration) throws IOException {
        List<StridedTensor> ids = new ArrayList<>();
        for (int layer : layers) {
            Tensor found = rank.find(iteration + "_" + layer).orElse(null);
            if (found != null) {
                ids.add(StridedTensor.of(found));
            }
        }
        if (!ids.isEmpty() && ids.size() != layers.length) {
            throw new IOException(rank.path() + ": iteration " + iteration + " has " + ids.size() + " of "
                    + layers.length + " layers");
        }
        for (StridedTensor each : ids) {
            if (!each.isWhole() || each.rank() != 2 || each.size(1) != dump.topK()
                    || each.size(0) != ids.getFirst().size(0)) {
                throw new IOException(rank.path() + ": tensor \"" + each.name() + "\" is " + each
                        + ", expected whole numbers [" + ids.getFirst().size(0) + ", " + dump.topK()
                        + "] (tokens x experts per token)");
            }
        }
        return ids;
    }

    @Override
    public String name() {
        return SourceNames.of(dump.folder());
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.TENSORRT_LLM;
    }

    @Override
    public Shape shape() {
        return new Shape(layers, dump.hiddenLayers(), dump.experts(), dump.topK(),
                Arrays.stream(tokens).max().orElse(0), ABSENT);
    }

    @Override
    public void forEachToken(Visitor visitor) throws IOException {
        for (int i = 0; i < iterations.length; i++) {
            if (tokens[i] == 0) {
                continue;
            }
            visitor.request(new RequestRow(i, "pass " + iterations[i], null, tokens[i], 0));
            int position = 0;
            for (SafetensorsFile rank : dump.ranks()) {
                List<StridedTensor> ids = ids(rank, iterations[i]);
                int count = ids.isEmpty() ? 0 : (int) ids.getFirst().size(0);
                for (int from = 0; from < count; from += CHUNK) {
                    int some = Math.min(CHUNK, count - from);
                    visitor.tokens(rows(rank, ids, from, some, i, position), (i + 1.0) / iterations.length);
                    position += some;
                }
            }
        }
    }

    private TokenRows rows(SafetensorsFile rank, List<StridedTensor> ids, int from, int some, int request,
            int position) throws IOException {
        int topK = dump.topK();
        short[] experts = new short[some * layers.length * topK];
        int[] chunk = new int[some * topK];
        for (int l = 0; l < layers.length; l++) {
            ids.get(l).ints((long) from * topK, chunk, 0, chunk.length);
            for (int i = 0; i < chunk.length; i++) {
                if (chunk[i] < 0 || chunk[i] >= dump.experts()) {
                    throw new IOException(rank.path() + ": tensor \"" + ids.get(l).name() + "\" holds expert "
                            + chunk[i] + ", the model has " + dump.experts());
                }
                experts[(i / topK * layers.length + l) * topK + i % topK] = (short) chunk[i];
            }
        }
        int[] requests = new int[some];
        Arrays.fill(requests, request);
        int[] unknown = new int[some];
        Arrays.fill(unknown, -1);
        int[] positions = IntStream.range(position, position + some).toArray();
        return new TokenRows(requests, positions, unknown, new byte[some], experts, null);
    }

    @Override
    public void close() {
        dump.close();
    }
}
