package io.moeplan.engine.text;

import io.moeplan.engine.jinja.Template;
import io.moeplan.engine.jinja.TemplateException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model's chat template with its special tokens, rendered as {@code apply_chat_template} of transformers does.
 *
 * <p>
 * A template is parsed when it is first needed: a model whose template is out of reach still runs plain prompts.
 */
public final class ChatTemplate {
    private final Path file;
    private final String source;
    private final String toolSource;
    private final Map<String, Object> specialTokens;
    private final Map<String, Template> parsed = new HashMap<>();

    ChatTemplate(Path file, String source, String toolSource, Map<String, Object> specialTokens) {
        this.file = file;
        this.source = source;
        this.toolSource = toolSource;
        this.specialTokens = Map.copyOf(specialTokens);
    }

    /**
     * The template of a model directory: {@code chat_template.jinja}, or {@code chat_template} in
     * {@code tokenizer_config.json} or {@code chat_template.json}.
     *
     * @return empty if the model has none
     * @throws IOException
     *             if one of these files cannot be read
     */
    public static Optional<ChatTemplate> find(Path modelDirectory) throws IOException {
        return new ChatTemplateFiles(modelDirectory).find();
    }

    /** The file it comes from. */
    public Path file() {
        return file;
    }

    /**
     * Renders a conversation.
     *
     * @param messages
     *            maps of {@code role}, {@code content} and whatever else the template reads
     * @param tools
     *            tool descriptions, or null for none
     * @param addGenerationPrompt
     *            whether to end with what starts the assistant's answer
     * @param extra
     *            further variables, e.g. {@code enable_thinking}
     * @throws IOException
     *             if the template cannot be parsed or refuses the conversation, with its file and line
     */
    public String render(List<?> messages, List<?> tools, boolean addGenerationPrompt, Map<String, Object> extra)
            throws IOException {
        Map<String, Object> variables = new HashMap<>(specialTokens);
        variables.putAll(extra);
        variables.put("messages", messages);
        variables.put("tools", tools);
        variables.put("documents", null);
        variables.put("add_generation_prompt", addGenerationPrompt);
        Template template = template(tools != null && toolSource != null ? toolSource : source);
        try {
            return template.render(variables);
        } catch (TemplateException e) {
            throw failure(e);
        }
    }

    /** Renders a conversation without further variables. */
    public String render(List<?> messages, List<?> tools, boolean addGenerationPrompt) throws IOException {
        return render(messages, tools, addGenerationPrompt, Map.of());
    }

    /**
     * Whether a message's content may be a list of parts; otherwise it must be text. Told, as vLLM does, by whether the
     * template loops over content.
     *
     * @throws IOException
     *             if the template cannot be parsed
     */
    public boolean takesParts() throws IOException {
        return template(source).loopsOver("content");
    }

    private synchronized Template template(String text) throws IOException {
        Template known = parsed.get(text);
        if (known == null) {
            try {
                known = Template.parse(text);
            } catch (TemplateException e) {
                throw failure(e);
            }
            parsed.put(text, known);
        }
        return known;
    }

    private IOException failure(TemplateException e) {
        return new IOException("the chat template in " + file.getFileName() + ", " + Messages.oneLine(e), e);
    }
}
