/**
 * Model families as data: what config.json says, which tensors it needs, and what a token costs.
 *
 * <h2>Adding a family</h2>
 *
 * A family is an entry in {@link io.moeplan.engine.model.Families}: its {@code model_type}, what people call its models, what
 * is left out of them, and a function from config.json to an {@link io.moeplan.engine.model.Architecture}. Read the model's
 * code in transformers (or its own repository) with four questions:
 *
 * <ol>
 * <li>How does it route? Score, selection bias, groups, what the weights are divided by and multiplied with, whether a weight
 * scales an expert's input or its output: a {@link io.moeplan.engine.model.Router}, mostly
 * {@link io.moeplan.engine.model.Parts#softmaxRouter} or {@link io.moeplan.engine.model.Parts#correctedRouter}. Look at the
 * order of softmax and top-k, and at what happens when {@code norm_topk_prob} is absent.
 * <li>How does it attend? Grouped queries, a latent, or a state; where norms of queries and keys stand, biases, which layers
 * have a window, how much of a head is rotated and which elements are paired:
 * {@link io.moeplan.engine.model.Parts#attention} and the {@code with...} of
 * {@link io.moeplan.engine.model.Attention.GroupedQuery}.
 * <li>Which layers route, and what is beside the experts? Leading dense layers, steps, shared experts and their gate, other
 * activations: {@link io.moeplan.engine.model.FeedForward}.
 * <li>What are the tensors called on the Hub (not in transformers, which renames them: its {@code conversion_mapping.py} has
 * both), and are experts fused? {@link io.moeplan.engine.model.WeightNames}.
 * </ol>
 *
 * Values that the code knows and the architecture does not are to be refused, not ignored
 * ({@link io.moeplan.engine.model.Parts#same}). Then add
 *
 * <ul>
 * <li>a fixture in {@code src/test/resources/models}: a tiny random checkpoint and what transformers computes from it in
 * float32 ({@code variants/make.py} beside it shows how); {@code GoldenTest} and the tests of both config styles, parameter
 * counts and bytes take it up by themselves;
 * <li>the config.json of a published model in {@code src/test/resources/configs}, and a line in
 * {@code PublishedConfigsTest} with the number of parameters the model is known by: a wrong width shows there.
 * </ul>
 *
 * How small that is, lines of the function: deepseek_v3 and mixtral 7, olmoe 8, qwen3_moe, dots1 and glm4_moe 9; families
 * with ways of their own, gpt_oss 16, ernie4_5_moe 21, hunyuan_v1_moe 22, qwen3_next 25, llama4_text 32. What does not fit is
 * a new building block first: a case of {@link io.moeplan.engine.model.Attention} with its weights, its cost, its parameters
 * and its code in the backends.
 */
package io.moeplan.engine.model;
