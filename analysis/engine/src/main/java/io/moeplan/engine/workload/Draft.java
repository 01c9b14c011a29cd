package io.moeplan.engine.workload;

/** A request before its texts are tokens. */
record Draft(Place place, String id, String tag, Part prompt, Part response, boolean chat) {
    /** Token ids, or the text they are to be made of. */
    sealed interface Part {
        Part NOTHING = new Ids(new int[0]);
    }

    record Ids(int[] ids) implements Part {}

    /** {@code special}: whether the tokenizer adds its special tokens. */
    record Text(String text, boolean special) implements Part {}

    /** Characters that will be tokenised. */
    long characters() {
        return (prompt instanceof Text text ? text.text().length() : 0)
                + (response instanceof Text text ? text.text().length() : 0L);
    }
}
