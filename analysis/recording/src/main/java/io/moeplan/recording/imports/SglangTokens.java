package io.moeplan.recording.imports;

import io.moeplan.recording.Absent;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import io.moeplan.tensors.StridedTensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Mode {@code per_token}: the physical experts of each token, [layers][tokens][width] padded with -1. A layer that is padding
 * in all tokens is dense; a token that is padding in all layers filled up a batch and is none. Which request a token
 * belongs to is not told, so each forward pass stands for one.
 */
final class SglangTokens implements TokenSource {
    /** Tokens that are put together at a time: their experts should stay in a core's cache. */
    private static final int CHUNK = 256;

    private final String name;
    private final Archives archives;
    private final SglangPasses passes;
    /** Tokens of each record that are no padding, prompt and response; as the passes list them. */
    private final List<int[]> tokens = new ArrayList<>();
    private final Set<Absent> absent = EnumSet.of(Absent.REQUESTS);
    private final boolean[] busy;
    private int topK;

    private SglangTokens(String name, Archives archives, SglangPasses passes) {
        this.name = name;
        this.archives = archives;
        this.passes = passes;
        this.busy = new boolean[passes.layers()];
    }

    /** Looks at all tokens once, to see how many experts each has and which layers have any. */
    static SglangTokens scan(String name, Archives archives, SglangPasses passes) throws IOException {
        SglangTokens made = new SglangTokens(name, archives, passes);
        for (SglangPasses.Pass pass : passes.passes()) {
            int[] sum = new int[2];
            for (SglangRecord record : pass.records()) {
                sum[record.isDecode() ? 1 : 0] += made.look(record);
            }
            made.tokens.add(sum);
        }
        if (made.topK == 0) {
            throw new IOException(name + ": no token has any expert; was anything recorded?");
        }
        return made;
    }

    private int look(SglangRecord record) throws IOException {
        if (!record.hasPhase()) {
            absent.add(Absent.PHASES);
        }
        if (record.numbers("input_ids") == null) {
            absent.add(Absent.TOKEN_IDS);
        }
        if (record.numbers("positions") == null) {
            absent.add(Absent.POSITIONS);
        }
        StridedTensor ids = record.ids();
        int width = width(record, ids);
        int count = count(record, ids);
        int[] chunk = new int[CHUNK * width];
        boolean[] routed = new boolean[count];
        for (int layer = 0; layer < busy.length; layer++) {
            for (int from = 0; from < count; from += CHUNK) {
                int some = Math.min(CHUNK, count - from);
                ids.ints((layer * ids.size(1) + from) * width, chunk, 0, some * width);
                int most = 0;
                for (int token = 0; token < some; token++) {
                    int used = used(chunk, token * width, width);
                    most = Math.max(most, used);
                    routed[from + token] |= used > 0;
                }
                topK = Math.max(topK, most);
                busy[layer] |= most > 0;
            }
        }
        int sum = 0;
        for (boolean each : routed) {
            sum += each ? 1 : 0;
        }
        return sum;
    }

    /** How many of a token's ids are not padding; without branches, as this runs for every id of a dump. */
    private static int used(int[] ids, int from, int width) {
        int padding = 0;
        for (int k = from; k < from + width; k++) {
            padding += ids[k] >>> 31;
        }
        return width - padding;
    }

    private static int width(SglangRecord record, StridedTensor ids) throws IOException {
        if (ids.size(2) < 1 || ids.size(2) > 1024) {
            throw new IOException(record.file() + ": " + record.where() + "\"topk_ids_of_layer\" is " + ids
                    + ", expected at most 1024 experts for a token");
        }
        return (int) ids.size(2);
    }

    /** Tokens of a record: as many as it has ids in the vocabulary; rows after them are the recorder's buffer. */
    private static int count(SglangRecord record, StridedTensor ids) throws IOException {
        int[] given = record.numbers("input_ids");
        long rows = ids.size(1);
        if (given != null && given.length > rows) {
            throw new IOException(record.file() + ": " + record.where() + "has " + given.length
                    + " input_ids, but experts for " + rows + " tokens");
        }
        if (rows > Integer.MAX_VALUE / 2) {
            throw new IOException(record.file() + ": " + record.where() + "has " + rows + " tokens in one pass");
        }
        return given == null ? (int) rows : given.length;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public SourceFormat format() {
        return SourceFormat.SGLANG;
    }

    private int[] layers() {
        return IntStream.range(0, busy.length).filter(layer -> busy[layer]).toArray();
    }

    @Override
    public Shape shape() {
        int largest = tokens.stream().mapToInt(sum -> sum[0] + sum[1]).max().orElse(1);
        return new Shape(layers(), passes.layers(), passes.experts(), topK, largest, absent);
    }

    @Override
    public void forEachToken(Visitor visitor) throws IOException {
        for (int i = 0; i < passes.passes().size(); i++) {
            SglangPasses.Pass pass = passes.passes().get(i);
            int[] sum = tokens.get(i);
            if (sum[0] + sum[1] == 0) {
                continue;
            }
            visitor.request(new RequestRow(i, "pass " + pass.id(), null, sum[0], sum[1]));
            double done = (i + 1.0) / passes.passes().size();
            for (SglangRecord record : pass.records()) {
                new RecordTokens(record, i).feed(visitor, done);
            }
        }
    }

    /** The tokens of one record. */
    private final class RecordTokens {
        private final SglangRecord record;
        private final int request;
        private final StridedTensor ids;
        private final int width;
        private final int count;
        private final int[] inputs;
        private final int[] positions;
        private final int[] layers = layers();

        RecordTokens(SglangRecord record, int request) throws IOException {
            this.record = record;
            this.request = request;
            this.ids = record.ids();
            this.width = width(record, ids);
            this.count = count(record, ids);
            this.inputs = record.numbers("input_ids");
            this.positions = record.numbers("positions");
        }

        void feed(Visitor visitor, double done) throws IOException {
            short[] experts = new short[CHUNK * layers.length * topK];
            int[] used = new int[CHUNK];
            int[] chunk = new int[CHUNK * width];
            for (int from = 0; from < count; from += CHUNK) {
                int some = Math.min(CHUNK, count - from);
                for (int l = 0; l < layers.length; l++) {
                    ids.ints((layers[l] * ids.size(1) + from) * width, chunk, 0, some * width);
                    for (int token = 0; token < some; token++) {
                        used[token] += route(chunk, token * width, layers[l], experts,
                                (token * layers.length + l) * topK);
                    }
                }
                visitor.tokens(rows(from, some, used, experts), done);
                Arrays.fill(used, 0);
            }
        }

        /** Writes the logical experts of a token in a layer; returns how many it has. */
        private int route(int[] chunk, int from, int layer, short[] experts, int to) throws IOException {
            PhysicalMap map = record.map();
            int[] logical = map.logical();
            int slots = map.physical();
            int next = to;
            for (int k = from; k < from + width; k++) {
                int physical = chunk[k];
                if (physical >= slots) {
                    throw new IOException(record.file() + ": " + record.where() + "layer " + layer
                            + " has physical expert " + physical + ", the map has " + slots);
                }
                if (physical >= 0) {
                    experts[next++] = (short) logical[layer * slots + physical];
                }
            }
            return next - to;
        }

        private TokenRows rows(int from, int some, int[] used, short[] experts) throws IOException {
            int whole = layers.length * topK;
            int[] requests = new int[some];
            int[] places = new int[some];
            int[] tokenIds = new int[some];
            byte[] phases = new byte[some];
            int kept = 0;
            for (int token = 0; token < some; token++) {
                if (used[token] == 0) {
                    continue;
                }
                if (used[token] != whole) {
                    throw new IOException(record.file() + ": " + record.where() + "token " + (from + token) + " has "
                            + used[token] + " experts over all layers, others have " + whole);
                }
                requests[kept] = request;
                places[kept] = positions == null || from + token >= positions.length
                        ? from + token
                        : Math.max(0, positions[from + token]);
                tokenIds[kept] = inputs == null ? -1 : inputs[from + token];
                phases[kept] = record.isDecode() ? TokenRows.RESPONSE : TokenRows.PROMPT;
                System.arraycopy(experts, token * whole, experts, kept * whole, whole);
                kept++;
            }
            return new TokenRows(kept, requests, places, tokenIds, phases, experts, null);
        }
    }

    @Override
    public void close() {
        archives.close();
    }
}
