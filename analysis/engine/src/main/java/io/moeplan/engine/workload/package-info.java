/** Workloads: the prompts, conversations and documents that the model is profiled on, as token ids. */
package io.moeplan.engine.workload;
