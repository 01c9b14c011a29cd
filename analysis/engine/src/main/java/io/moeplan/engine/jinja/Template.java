package io.moeplan.engine.jinja;

import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;

/** A parsed template; it may be rendered any number of times, by several threads at once. */
public final class Template {
    private static final int MAX_SOURCE = 4 << 20;

    private final List<Stmt> body;

    private Template(List<Stmt> body) {
        this.body = body;
    }

    /**
     * Parses a template.
     *
     * @throws TemplateException
     *             if it is not of the supported subset, with the line
     */
    public static Template parse(String source) {
        if (source.length() > MAX_SOURCE) {
            throw new TemplateException("the template is longer than " + MAX_SOURCE + " characters");
        }
        try {
            return new Template(Parser.parse(source));
        } catch (StackOverflowError e) {
            throw new TemplateException("the template is nested too deeply");
        }
    }

    /**
     * Renders the template.
     *
     * @param variables
     *            text, numbers, booleans, nulls, and lists and maps of them
     * @throws TemplateException
     *             if an operation fails as it would in Python, if the template calls {@code raise_exception}, or if it
     *             exceeds a bound on work, text or recursion; with the line
     */
    public String render(Map<String, Object> variables) {
        return render(variables, Clock.system(ZoneId.systemDefault()));
    }

    /** Renders with another clock than the system's. */
    String render(Map<String, Object> variables, Clock clock) {
        return new Interpreter().render(body, variables, clock);
    }

    /**
     * Whether a loop runs over something of this name, e.g. {@code message.content}, {@code message['content']} or
     * {@code content}: how a template tells that it takes lists of parts there.
     */
    public boolean loopsOver(String name) {
        return LoopSearch.in(body, name);
    }
}
