package io.moeplan.eplb.export;

import java.util.List;

/**
 * A plan in an engine's format.
 *
 * @param content the file's text
 * @param notes   what was done or assumed on the way, one line each, for the user to read; often empty
 */
public record Export(String content, List<String> notes) {}
