/**
 * Recordings of expert loads, in Arrow files: written so that a kill loses nothing flushed, read without trust. The only
 * user of Arrow.
 *
 * <p>A recording is a directory:
 * <ul>
 * <li>{@code manifest.json}, see {@link io.moeplan.recording.Manifest};
 * <li>{@code requests.arrow}: request int32, id utf8, tag utf8 (nullable), prompt_tokens int32, response_tokens int32;
 * <li>{@code tokens.arrow}, in mode per-token: request int32, position int32, token_id int32, phase int8 (0 prompt, 1
 * response), experts FixedSizeList&lt;uint16&gt;[layers * top_k], optionally weights FixedSizeList&lt;float16&gt;
 * [layers * top_k], both row-major [layer][k];
 * <li>{@code steps.arrow}, in the other modes: step int64, phase int8 (0 prefill, 1 decode, 2 mixed), layer int16 (the
 * model's number of it), tokens int32, counts FixedSizeList&lt;int32&gt;[num_experts].
 * </ul>
 *
 * <p>Other engines' dumps become such directories in {@link io.moeplan.recording.imports}.
 *
 * <p>All are Arrow IPC files, plain or with ZSTD-compressed buffers; their schema metadata repeats the manifest but for
 * tokens, requests, timing and complete, which are known at the end only.
 */
package io.moeplan.recording;
