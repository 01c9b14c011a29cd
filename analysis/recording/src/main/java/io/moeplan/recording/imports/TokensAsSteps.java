package io.moeplan.recording.imports;

import io.moeplan.eplb.Phase;
import io.moeplan.recording.Absent;
import io.moeplan.recording.Mode;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import java.io.IOException;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/** The forward passes that tokens ran in, counted. */
final class TokensAsSteps implements StepSource {
    private final TokenSource tokens;

    /** @param tokens a source whose "requests" are passes */
    TokensAsSteps(TokenSource tokens) {
        this.tokens = tokens;
    }

    @Override
    public String name() {
        return tokens.name();
    }

    @Override
    public SourceFormat format() {
        return tokens.format();
    }

    @Override
    public Shape shape() {
        TokenSource.Shape of = tokens.shape();
        Set<Absent> absent = EnumSet.copyOf(of.absent());
        absent.removeAll(Set.of(Absent.TOKEN_IDS, Absent.POSITIONS));
        return new Shape(Mode.PER_PASS, of.layerNumbers(), of.hiddenLayers(), of.experts(), of.topK(), false, absent);
    }

    @Override
    public void forEachStep(Visitor visitor) throws IOException {
        Counter counter = new Counter(shape(), visitor);
        tokens.forEachToken(counter);
        counter.end(1);
    }

    private static final class Counter implements TokenSource.Visitor {
        private final Shape shape;
        private final Visitor visitor;
        private final boolean phases;
        private final long[] counts;
        private RequestRow pass;
        private double done;

        Counter(Shape shape, Visitor visitor) {
            this.shape = shape;
            this.visitor = visitor;
            this.phases = !shape.absent().contains(Absent.PHASES);
            this.counts = new long[shape.layerNumbers().length * shape.experts()];
        }

        @Override
        public void request(RequestRow request) throws IOException {
            end(done);
            pass = request;
        }

        @Override
        public void tokens(TokenRows rows, double share) {
            int layers = shape.layerNumbers().length;
            int next = 0;
            for (int row = 0; row < rows.rows(); row++) {
                for (int layer = 0; layer < layers; layer++) {
                    for (int k = 0; k < shape.topK(); k++) {
                        counts[layer * shape.experts() + rows.expert(next++)]++;
                    }
                }
            }
            done = share;
        }

        void end(double share) throws IOException {
            if (pass != null) {
                visitor.step(pass.request(), phase(), pass.promptTokens() + pass.responseTokens(), counts, share);
                Arrays.fill(counts, 0);
            }
        }

        private Phase phase() {
            if (!phases || (pass.promptTokens() > 0 && pass.responseTokens() > 0)) {
                return Phase.MIXED;
            }
            return pass.responseTokens() > 0 ? Phase.DECODE : Phase.PREFILL;
        }
    }

    @Override
    public void close() throws IOException {
        tokens.close();
    }
}
