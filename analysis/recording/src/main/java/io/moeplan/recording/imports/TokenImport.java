package io.moeplan.recording.imports;

import io.moeplan.recording.Manifest;
import io.moeplan.recording.Mode;
import io.moeplan.recording.Origin;
import io.moeplan.recording.RecordingWriter;
import io.moeplan.recording.RequestRow;
import io.moeplan.recording.TokenRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Writes tokens. */
final class TokenImport {
    /** As the embedded engine's recordings are cut where nobody knows better. */
    private static final int USUAL_PASS = 2048;

    private TokenImport() {}

    static Manifest run(TokenSource source, ImportOptions options, Path out, ImportProgress progress)
            throws IOException {
        TokenSource.Shape shape = source.shape();
        if (options.topK() != null && options.topK() != shape.topK()) {
            throw new IllegalArgumentException(source.name() + ": its tokens go to " + shape.topK()
                    + " experts each, not to " + options.topK() + ": leave --top-k out");
        }
        Manifest manifest = manifest(source, shape, options);
        try (RecordingWriter writer = RecordingWriter.create(out, manifest, RecordingWriter.Options.PLAIN)) {
            source.forEachToken(new TokenSource.Visitor() {
                @Override
                public void request(RequestRow request) throws IOException {
                    writer.appendRequests(List.of(request));
                }

                @Override
                public void tokens(TokenRows rows, double done) throws IOException {
                    writer.appendTokens(rows);
                    progress.done(done);
                }
            });
            return writer.finish(manifest);
        }
    }

    private static Manifest manifest(TokenSource source, TokenSource.Shape shape, ImportOptions options) {
        List<Integer> numbers = Arrays.stream(shape.layerNumbers()).boxed().toList();
        int hidden = shape.hiddenLayers() > 0 ? shape.hiddenLayers() : numbers.getLast() + 1;
        int passTokens = shape.passTokens() > 0 ? shape.passTokens() : USUAL_PASS;
        return new Manifest(options.toolVersion(), Manifest.Model.named(source.name()), hidden, numbers,
                shape.experts(), shape.topK(), options.groups(), Mode.PER_TOKEN, passTokens, null,
                new Origin.Import(source.format().label(), shape.absent()), 0, 0, null, false);
    }
}
