package io.moeplan.recording.parquet;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A Parquet file (format 2, https://github.com/apache/parquet-format), written row group by row group: a data page, and a
 * dictionary page where it helps, for each column.
 */
public final class ParquetOutput {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    private static final int INT32 = 1;
    private static final int INT64 = 2;
    private static final int BYTE_ARRAY = 6;
    private static final int REQUIRED = 0;
    private static final int OPTIONAL = 1;
    private static final int REPEATED = 2;
    private static final int UTF8 = 0;
    private static final int LIST = 3;
    private static final int PLAIN = 0;
    private static final int RLE = 3;
    private static final int RLE_DICTIONARY = 8;
    private static final int DICTIONARY_PAGE = 2;

    private record Chunk(ParquetColumn column, long dictionaryAt, long dataAt, long bytes, int values) {}

    private record Group(List<Chunk> chunks, int rows) {}

    private record Element(String name, int repetition, int type, int children, int converted) {}

    private final OutputStream out;
    private final List<ParquetColumn> columns;
    private final List<Group> groups = new ArrayList<>();
    private long position;

    /** Begins a file; the stream stays open. */
    public ParquetOutput(OutputStream out, List<ParquetColumn> columns) throws IOException {
        this.out = out;
        this.columns = List.copyOf(columns);
        write(MAGIC);
    }

    /**
     * Writes a row group.
     *
     * @param rows   how many, at least 1
     * @param values an array for each column, as {@link ParquetColumn} says; may be longer than needed
     */
    public void rows(int rows, List<?> values) throws IOException {
        List<Chunk> chunks = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            chunks.add(chunk(columns.get(i), Pages.of(columns.get(i), values.get(i), rows)));
        }
        groups.add(new Group(chunks, rows));
    }

    private Chunk chunk(ParquetColumn column, Pages pages) throws IOException {
        long from = position;
        boolean dictionary = pages.dictionary() != null;
        if (dictionary) {
            page(DICTIONARY_PAGE, pages.dictionary(), header -> header.struct(7,
                    of -> of.i32(1, pages.entries()).i32(2, PLAIN)));
        }
        long dataAt = position;
        page(0, pages.data(), header -> header.struct(5, of -> of.i32(1, pages.values())
                .i32(2, dictionary ? RLE_DICTIONARY : PLAIN).i32(3, RLE).i32(4, RLE)));
        return new Chunk(column, dictionary ? from : -1, dataAt, position - from, pages.values());
    }

    private void page(int type, byte[] bytes, Consumer<ThriftOutput> kind) throws IOException {
        ThriftOutput header = new ThriftOutput().i32(1, type).i32(2, bytes.length).i32(3, bytes.length);
        kind.accept(header);
        write(header.stop().bytes());
        write(bytes);
    }

    /**
     * Ends the file.
     *
     * @param metadata for readers to see
     */
    public void finish(Map<String, String> metadata) throws IOException {
        ThriftOutput footer = new ThriftOutput().i32(1, 2).structs(2, schema(), ParquetOutput::element)
                .i64(3, groups.stream().mapToLong(Group::rows).sum()).structs(4, groups, ParquetOutput::group)
                .structs(5, List.copyOf(metadata.entrySet()),
                        (entry, of) -> entry.text(1, of.getKey()).text(2, of.getValue()))
                .text(6, "moeplan").stop();
        byte[] bytes = footer.bytes();
        write(bytes);
        write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length).array());
        write(MAGIC);
    }

    private List<Element> schema() {
        List<Element> elements = new ArrayList<>();
        elements.add(new Element("schema", -1, -1, columns.size(), -1));
        for (ParquetColumn column : columns) {
            switch (column) {
                case ParquetColumn.Ints(String name, ParquetColumn.Width width) ->
                    elements.add(new Element(name, REQUIRED, INT32, 0, width.converted()));
                case ParquetColumn.Longs(String name) -> elements.add(new Element(name, REQUIRED, INT64, 0, -1));
                case ParquetColumn.Texts(String name) ->
                    elements.add(new Element(name, OPTIONAL, BYTE_ARRAY, 0, UTF8));
                case ParquetColumn.Lists lists -> {
                    elements.add(new Element(lists.name(), REQUIRED, -1, 1, LIST));
                    elements.add(new Element("list", REPEATED, -1, 1, -1));
                    elements.add(new Element("element", REQUIRED, INT32, 0, lists.width().converted()));
                }
            }
        }
        return elements;
    }

    private static void element(ThriftOutput to, Element element) {
        if (element.type() >= 0) {
            to.i32(1, element.type());
        }
        if (element.repetition() >= 0) {
            to.i32(3, element.repetition());
        }
        to.text(4, element.name());
        if (element.children() > 0) {
            to.i32(5, element.children());
        }
        if (element.converted() >= 0) {
            to.i32(6, element.converted());
        }
    }

    private static void group(ThriftOutput to, Group group) {
        to.structs(1, group.chunks(), ParquetOutput::chunk)
                .i64(2, group.chunks().stream().mapToLong(Chunk::bytes).sum()).i64(3, group.rows());
    }

    private static void chunk(ThriftOutput to, Chunk chunk) {
        boolean dictionary = chunk.dictionaryAt() >= 0;
        List<String> path = chunk.column() instanceof ParquetColumn.Lists lists
                ? List.of(lists.name(), "list", "element")
                : List.of(chunk.column().name());
        to.i64(2, dictionary ? chunk.dictionaryAt() : chunk.dataAt()).struct(3, of -> {
            of.i32(1, type(chunk.column())).i32s(2, dictionary
                    ? List.of(PLAIN, RLE, RLE_DICTIONARY)
                    : List.of(PLAIN, RLE)).texts(3, path).i32(4, 0).i64(5, chunk.values()).i64(6, chunk.bytes())
                    .i64(7, chunk.bytes()).i64(9, chunk.dataAt());
            if (dictionary) {
                of.i64(11, chunk.dictionaryAt());
            }
        });
    }

    private static int type(ParquetColumn column) {
        return switch (column) {
            case ParquetColumn.Longs longs -> INT64;
            case ParquetColumn.Texts texts -> BYTE_ARRAY;
            case ParquetColumn.Ints ints -> INT32;
            case ParquetColumn.Lists lists -> INT32;
        };
    }

    private void write(byte[] bytes) throws IOException {
        out.write(bytes);
        position += bytes.length;
    }
}
