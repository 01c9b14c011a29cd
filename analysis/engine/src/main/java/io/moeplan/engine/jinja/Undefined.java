package io.moeplan.engine.jinja;

/**
 * The value of something that is not there: prints as nothing, is false and empty, and fails when used otherwise.
 *
 * @param problem
 *            what to say then, e.g. {@code 'tools' is undefined}
 */
record Undefined(String problem) {
    static Undefined name(String name) {
        return new Undefined("'" + name + "' is undefined");
    }

    static Undefined attribute(Object owner, Object name) {
        String kind = owner == null ? "None" : "'" + Values.type(owner) + " object'";
        return new Undefined(
                kind + (name instanceof String s ? " has no attribute '" + s + "'" : " has no element " + name));
    }

    TemplateException failure() {
        return new TemplateException(problem);
    }
}
