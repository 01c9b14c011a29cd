package io.moeplan.engine.jinja;

/** A function a template may call: a macro, a global function or a method bound to its value. */
@FunctionalInterface
interface Callable {
    Object call(Arguments arguments);
}
