package io.moeplan.engine.workload;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Path;

/** A file of one JSON object a line. */
final class JsonLines implements Drafts {
    static final int MAX_LINE = 64 << 20;

    private static final ObjectMapper MAPPER = mapper();

    private final Lines lines;
    private final EntryParser parser;
    private int skipped;

    JsonLines(Path file, EntryParser parser) throws IOException {
        this.lines = new Lines(file, MAX_LINE);
        this.parser = parser;
    }

    /** Reads values as long as a line may be. */
    static ObjectMapper mapper() {
        StreamReadConstraints constraints = StreamReadConstraints.builder().maxStringLength(MAX_LINE).build();
        return new ObjectMapper(JsonFactory.builder().streamReadConstraints(constraints).build())
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
    }

    @Override
    public Draft next() throws IOException {
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            JsonNode entry = parse(line);
            Draft draft = entry.isMissingNode() ? null : parser.parse(lines.place(), entry);
            if (draft != null) {
                return draft;
            }
            skipped += entry.isMissingNode() ? 0 : 1;
        }
        return null;
    }

    private JsonNode parse(byte[] line) throws WorkloadException {
        try {
            return MAPPER.readTree(line);
        } catch (JsonProcessingException e) {
            throw lines.place().error(Problems.invalidJson(e), e);
        } catch (CharConversionException e) {
            throw lines.place().error("not valid UTF-8 text", e);
        } catch (IOException e) {
            throw lines.place().error("cannot be read: " + e.getMessage(), e);
        }
    }

    @Override
    public int skipped() {
        return skipped;
    }

    @Override
    public void close() throws IOException {
        lines.close();
    }
}
