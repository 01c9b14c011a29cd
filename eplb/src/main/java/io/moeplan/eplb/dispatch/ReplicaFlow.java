package io.moeplan.eplb.dispatch;

import java.util.Arrays;

/**
 * A maximum flow of tokens from the experts of a {@link ReplicaGraph} to GPUs with limited room, in one part of the graph
 * at a time, along shortest augmenting paths (Edmonds and Karp, 1972). All amounts are whole numbers.
 */
final class ReplicaFlow {
    private static final int UNREACHED = -1;
    private static final int START = -2;

    private final ReplicaGraph graph;
    /** The part that each expert and each GPU is in; an edge between two parts is closed. An expert in no part has -1. */
    final int[] expertPart;
    final int[] gpuPart;
    /** What each expert has to send, then what of it did not find room. */
    final long[] unsent;
    /** What each GPU can take, negative for one that is too full from the start; then what of it was not used. */
    final long[] room;
    private final long[] flow;
    /** The edge by which the last search reached an expert or a GPU. */
    private final int[] expertFrom;
    private final int[] gpuFrom;
    private final int[] queue;
    private int queued;

    ReplicaFlow(ReplicaGraph graph) {
        this.graph = graph;
        expertPart = new int[graph.experts()];
        gpuPart = new int[graph.gpus()];
        unsent = new long[graph.experts()];
        room = new long[graph.gpus()];
        flow = new long[graph.edgeGpu.length];
        expertFrom = new int[graph.experts()];
        gpuFrom = new int[graph.gpus()];
        queue = new int[graph.gpus()];
    }

    /**
     * Sends as much as there is room for.
     *
     * @return whether that was all, and no GPU was too full; if not, {@link #expertReached} and {@link #gpuReached} are the
     *         side of the minimum cut on which too much is sent
     */
    boolean send(int[] experts, int expertBegin, int expertEnd, int[] gpus, int gpuBegin, int gpuEnd) {
        for (int i = expertBegin; i < expertEnd; i++) {
            sendDirectly(experts[i]);
        }
        boolean all;
        int gpu;
        do {
            all = true;
            queued = 0;
            for (int i = gpuBegin; i < gpuEnd; i++) {
                boolean tooFull = room[gpus[i]] < 0;
                gpuFrom[gpus[i]] = tooFull ? START : UNREACHED;
                all &= !tooFull;
            }
            for (int i = expertBegin; i < expertEnd; i++) {
                boolean left = unsent[experts[i]] > 0;
                expertFrom[experts[i]] = left ? START : UNREACHED;
                all &= !left;
            }
            gpu = search(experts, expertBegin, expertEnd);
            if (gpu >= 0) {
                sendAlongPathTo(gpu);
            }
        } while (gpu >= 0);
        return all;
    }

    boolean expertReached(int expert) {
        return expertFrom[expert] != UNREACHED;
    }

    boolean gpuReached(int gpu) {
        return gpuFrom[gpu] != UNREACHED;
    }

    /** A start from which little is left to do: an equal part to each GPU, then what is left to any with room. */
    private void sendDirectly(int expert) {
        int begin = graph.firstEdge[expert];
        int end = graph.firstEdge[expert + 1];
        long equal = unsent[expert] / (end - begin);
        Arrays.fill(flow, begin, end, 0);
        for (int edge = begin; edge < end; edge++) {
            sendDirectly(edge, equal);
        }
        for (int edge = begin; edge < end; edge++) {
            sendDirectly(edge, unsent[expert]);
        }
    }

    private void sendDirectly(int edge, long most) {
        int gpu = graph.edgeGpu[edge];
        if (isOpen(edge) && room[gpu] > 0) {
            long sent = Math.min(most, room[gpu]);
            flow[edge] += sent;
            room[gpu] -= sent;
            unsent[graph.edgeExpert[edge]] -= sent;
        }
    }

    private boolean isOpen(int edge) {
        return expertPart[graph.edgeExpert[edge]] == gpuPart[graph.edgeGpu[edge]];
    }

    /** A GPU with room that an expert with something left reaches by a shortest path, or -1. */
    private int search(int[] experts, int begin, int end) {
        for (int i = begin; i < end; i++) {
            if (expertFrom[experts[i]] == START) {
                int gpu = reachGpusOf(experts[i]);
                if (gpu >= 0) {
                    return gpu;
                }
            }
        }
        for (int next = 0; next < queued; next++) {
            int through = queue[next];
            for (int i = graph.firstGpuEdge[through]; i < graph.firstGpuEdge[through + 1]; i++) {
                int edge = graph.gpuEdges[i];
                int expert = graph.edgeExpert[edge];
                // Closed edges keep the flow of some earlier part.
                if (flow[edge] > 0 && isOpen(edge) && expertFrom[expert] == UNREACHED) {
                    expertFrom[expert] = edge;
                    int gpu = reachGpusOf(expert);
                    if (gpu >= 0) {
                        return gpu;
                    }
                }
            }
        }
        return -1;
    }

    private int reachGpusOf(int expert) {
        for (int edge = graph.firstEdge[expert]; edge < graph.firstEdge[expert + 1]; edge++) {
            int gpu = graph.edgeGpu[edge];
            if (isOpen(edge) && gpuFrom[gpu] == UNREACHED) {
                gpuFrom[gpu] = edge;
                if (room[gpu] > 0) {
                    return gpu;
                }
                queue[queued++] = gpu;
            }
        }
        return -1;
    }

    private void sendAlongPathTo(int last) {
        long amount = room[last];
        int expert = graph.edgeExpert[gpuFrom[last]];
        while (expertFrom[expert] != START) {
            int back = expertFrom[expert];
            amount = Math.min(amount, flow[back]);
            expert = graph.edgeExpert[gpuFrom[graph.edgeGpu[back]]];
        }
        amount = Math.min(amount, unsent[expert]);
        unsent[expert] -= amount;
        room[last] -= amount;
        int gpu = last;
        while (true) {
            int forth = gpuFrom[gpu];
            flow[forth] += amount;
            int back = expertFrom[graph.edgeExpert[forth]];
            if (back == START) {
                return;
            }
            flow[back] -= amount;
            gpu = graph.edgeGpu[back];
        }
    }
}
