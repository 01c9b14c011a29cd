package io.moeplan.engine.cuda;

/**
 * A step of a layer.
 *
 * @param flops floating-point operations of its products, 0 if it only passes over memory
 * @param bytes read and written at least, 0 if products are what takes time
 */
record Operation(String name, double flops, double bytes, Runnable run) {
    static Operation product(String name, double flops, Runnable run) {
        return new Operation(name, flops, 0, run);
    }

    static Operation pass(String name, double bytes, Runnable run) {
        return new Operation(name, 0, bytes, run);
    }
}
