package io.moeplan.eplb.planner;

/**
 * The order in which PyTorch's CPU {@code sort(descending=True)} leaves equal values: that of an introsort as in the GNU
 * C++ library, which is deterministic but not stable. Only needed to number an expert's replicas as the reference does,
 * as these are always equal.
 *
 * <p>Introsort (D. Musser, 1997): quicksort on the median of the second, the middle and the last element down to ranges of
 * 16, heapsort where that recursed deeper than 2 log2 n, insertion sort at the end.
 */
final class ReferenceSort {
    private static final int SMALL = 16;

    private final float[] value;
    private final int[] order;

    private ReferenceSort(float[] value, int length) {
        this.value = value;
        order = new int[length];
        for (int i = 0; i < length; i++) {
            order[i] = i;
        }
    }

    /** The indices 0 to {@code length} - 1 by descending value. */
    static int[] descending(float[] value, int length) {
        ReferenceSort sort = new ReferenceSort(value, length);
        if (length > 0) {
            sort.quick(0, length, 2 * (31 - Integer.numberOfLeadingZeros(length)));
        }
        sort.insertion();
        return sort.order;
    }

    private boolean before(int index, int other) {
        return value[index] > value[other];
    }

    private void quick(int from, int to, int depth) {
        int end = to;
        int left = depth;
        while (end - from > SMALL) {
            if (left == 0) {
                heap(from, end);
                return;
            }
            left--;
            int cut = partition(from, end);
            quick(cut, end, left);
            end = cut;
        }
    }

    /** Hoare's partition, the pivot waiting at {@code from}; the pivot's choice keeps both scans within the range. */
    private int partition(int from, int to) {
        swap(from, median(from + 1, from + (to - from) / 2, to - 1));
        int pivot = order[from];
        int low = from + 1;
        int high = to;
        while (true) {
            while (before(order[low], pivot)) {
                low++;
            }
            high--;
            while (before(pivot, order[high])) {
                high--;
            }
            if (low >= high) {
                return low;
            }
            swap(low, high);
            low++;
        }
    }

    /** Where the median of three places lies; of equal ones, the one these comparisons end at. */
    private int median(int a, int b, int c) {
        if (before(order[a], order[b])) {
            if (before(order[b], order[c])) {
                return b;
            }
            return before(order[a], order[c]) ? c : a;
        }
        if (before(order[a], order[c])) {
            return a;
        }
        return before(order[b], order[c]) ? c : b;
    }

    private void heap(int from, int to) {
        int length = to - from;
        for (int parent = (length - 2) / 2; parent >= 0; parent--) {
            sift(from, parent, length, order[from + parent]);
        }
        for (int last = to - 1; last > from; last--) {
            int index = order[last];
            order[last] = order[from];
            sift(from, 0, last - from, index);
        }
    }

    /** Moves the hole down to a leaf along the later children, then the index up from there to its place. */
    private void sift(int from, int top, int length, int index) {
        int hole = top;
        while (2 * hole + 1 < length) {
            int child = 2 * hole + 2;
            if (child == length || before(order[from + child], order[from + child - 1])) {
                child--;
            }
            order[from + hole] = order[from + child];
            hole = child;
        }
        while (hole > top && before(order[from + (hole - 1) / 2], index)) {
            order[from + hole] = order[from + (hole - 1) / 2];
            hole = (hole - 1) / 2;
        }
        order[from + hole] = index;
    }

    private void insertion() {
        for (int i = 1; i < order.length; i++) {
            int index = order[i];
            int at = i;
            while (at > 0 && before(index, order[at - 1])) {
                order[at] = order[at - 1];
                at--;
            }
            order[at] = index;
        }
    }

    private void swap(int a, int b) {
        int index = order[a];
        order[a] = order[b];
        order[b] = index;
    }
}
