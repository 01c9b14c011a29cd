package io.moeplan.engine.jinja;

import java.util.Map;

/** What {@code namespace(...)} returns: the only value whose attributes a template may set. */
record Namespace(Map<String, Object> attributes) {}
