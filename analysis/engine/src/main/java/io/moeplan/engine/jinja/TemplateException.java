package io.moeplan.engine.jinja;

/** A template that cannot be parsed or rendered; the message starts with the line where known. */
public final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int line;
    private final String problem;

    TemplateException(String problem) {
        this(problem, 0);
    }

    TemplateException(String problem, int line) {
        super(line > 0 ? "line " + line + ": " + problem : problem);
        this.problem = problem;
        this.line = line;
    }

    /** The one-based line of the template, 0 if the problem belongs to none. */
    public int line() {
        return line;
    }

    /** What went wrong, without the line. */
    public String problem() {
        return problem;
    }

    /** This problem placed at a line, unless it already has one. */
    TemplateException at(int templateLine) {
        if (line > 0) {
            return this;
        }
        TemplateException placed = new TemplateException(problem, templateLine);
        placed.setStackTrace(getStackTrace());
        return placed;
    }
}
