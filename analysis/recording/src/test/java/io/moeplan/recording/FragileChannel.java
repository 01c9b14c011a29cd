package io.moeplan.recording;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;

/** A file on a device of limited size, that tells after every change to it. */
final class FragileChannel implements SeekableByteChannel {
    /** Called after every write and truncation. */
    interface Listener {
        void changed() throws IOException;
    }

    private final FileChannel file;
    private final long capacity;
    private final Listener listener;

    FragileChannel(FileChannel file, long capacity, Listener listener) {
        this.file = file;
        this.capacity = capacity;
        this.listener = listener;
    }

    @Override
    public int write(ByteBuffer source) throws IOException {
        long room = capacity - file.position();
        if (room < source.remaining()) {
            file.write(source.slice(source.position(), (int) Math.max(0, room)));
            listener.changed();
            throw new IOException("No space left on device");
        }
        int written = file.write(source);
        listener.changed();
        return written;
    }

    @Override
    public SeekableByteChannel truncate(long size) throws IOException {
        file.truncate(size);
        listener.changed();
        return this;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return file.read(target);
    }

    @Override
    public long position() throws IOException {
        return file.position();
    }

    @Override
    public SeekableByteChannel position(long position) throws IOException {
        file.position(position);
        return this;
    }

    @Override
    public long size() throws IOException {
        return file.size();
    }

    @Override
    public boolean isOpen() {
        return file.isOpen();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
