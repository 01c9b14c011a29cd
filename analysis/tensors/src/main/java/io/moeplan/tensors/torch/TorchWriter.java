package io.moeplan.tensors.torch;

import io.moeplan.tensors.NewTensor;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a value as {@code torch.save} does: a ZIP file of stored entries with a pickle of protocol 2 and the tensors' bytes,
 * which {@code torch.load(weights_only=True)} reads. The same content gives the same bytes.
 */
public final class TorchWriter {
    private static final String FOLDER = "archive/";
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 1, 1, 0, 0);

    private final ZipOutputStream zip;

    private TorchWriter(ZipOutputStream zip) {
        this.zip = zip;
    }

    /**
     * Writes an archive; the stream stays open.
     *
     * @param root a {@link NewTensor}, {@link Long}, {@link Integer}, {@link Double}, {@link Boolean}, {@link String} or
     *             null, or a {@link java.util.Map} from strings to such
     * @throws IOException              if the stream fails, or a tensor's values cannot be had
     * @throws IllegalArgumentException if a value is of another kind
     */
    public static void write(OutputStream out, Object root) throws IOException {
        ZipOutputStream zip = new ZipOutputStream(out);
        PickleOutput pickle = new PickleOutput();
        List<NewTensor> tensors = pickle.root(root);
        TorchWriter writer = new TorchWriter(zip);
        writer.entry("data.pkl", pickle.bytes());
        writer.entry("byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < tensors.size(); i++) {
            writer.entry("data/" + i, tensors.get(i));
        }
        writer.entry("version", "3\n".getBytes(StandardCharsets.US_ASCII));
        zip.finish();
    }

    private void entry(String name, byte[] bytes) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        begin(name, bytes.length, crc.getValue());
        zip.write(bytes);
        zip.closeEntry();
    }

    /** The checksum of a stored entry comes before its bytes, so they are produced twice. */
    private void entry(String name, NewTensor tensor) throws IOException {
        CRC32 crc = new CRC32();
        tensor.writeTo(new CheckedOutputStream(OutputStream.nullOutputStream(), crc));
        begin(name, tensor.bytes(), crc.getValue());
        tensor.writeTo(zip);
        zip.closeEntry();
    }

    private void begin(String name, long size, long crc) throws IOException {
        ZipEntry entry = new ZipEntry(FOLDER + name);
        entry.setMethod(ZipEntry.STORED);
        entry.setTimeLocal(NO_TIME);
        entry.setSize(size);
        entry.setCompressedSize(size);
        entry.setCrc(crc);
        zip.putNextEntry(entry);
    }
}
