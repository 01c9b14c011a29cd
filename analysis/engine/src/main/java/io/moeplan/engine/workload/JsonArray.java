package io.moeplan.engine.workload;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.CharConversionException;
import java.io.IOException;
import java.nio.file.Path;

/** A file that is one JSON array of objects, read entry by entry. */
final class JsonArray implements Drafts {
    private static final ObjectMapper MAPPER = JsonLines.mapper()
            .disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final Path file;
    private final EntryParser parser;
    private final JsonParser json;
    private long number;
    private int skipped;

    JsonArray(Path file, EntryParser parser) throws IOException {
        this.file = file;
        this.parser = parser;
        this.json = MAPPER.createParser(file.toFile());
        if (token() != JsonToken.START_ARRAY) {
            json.close();
            throw new WorkloadException(file + ": not a JSON array");
        }
    }

    @Override
    public Draft next() throws IOException {
        while (token() != JsonToken.END_ARRAY) {
            number++;
            Draft draft = parser.parse(new Place(file, "entry", number), entry());
            if (draft != null) {
                return draft;
            }
            skipped++;
        }
        return null;
    }

    private JsonToken token() throws IOException {
        try {
            JsonToken token = json.currentToken() == JsonToken.END_ARRAY && json.getParsingContext().inRoot()
                    ? JsonToken.END_ARRAY
                    : json.nextToken();
            if (token == null) {
                throw new WorkloadException(file + ": the JSON array is not closed");
            }
            return token;
        } catch (JsonProcessingException e) {
            throw invalid(e, number + 1);
        } catch (CharConversionException e) {
            throw new WorkloadException(file + ": not valid UTF-8 text", e);
        }
    }

    private JsonNode entry() throws IOException {
        try {
            return MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw invalid(e, number);
        } catch (CharConversionException e) {
            throw new Place(file, "entry", number).error("not valid UTF-8 text", e);
        }
    }

    /** Of what is too long or too deep, the parser does not say where it is. */
    private WorkloadException invalid(JsonProcessingException e, long entry) {
        JsonLocation location = e.getLocation();
        Place place = location == null
                ? new Place(file, "entry", entry)
                : new Place(file, "line", location.getLineNr());
        return place.error(Problems.invalidJson(e), e);
    }

    @Override
    public int skipped() {
        return skipped;
    }

    @Override
    public void close() throws IOException {
        json.close();
    }
}
