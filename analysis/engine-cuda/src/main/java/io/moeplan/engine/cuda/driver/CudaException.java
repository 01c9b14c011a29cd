package io.moeplan.engine.cuda.driver;

/** A call into a CUDA library failed; the message names the function, its arguments and the library's own error. */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CudaException(String message) {
        super(message);
    }
}
