package io.moeplan.engine.cuda.driver;

import static io.moeplan.engine.cuda.driver.Functions.INT;
import static io.moeplan.engine.cuda.driver.Functions.LONG;
import static io.moeplan.engine.cuda.driver.Functions.POINTER;

import io.moeplan.engine.cuda.driver.Functions.Function;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The functions of the CUDA driver that are used here, by their names. One for each process. */
final class Driver {
    final Function init;
    final Function driverGetVersion;
    final Function deviceGetCount;
    final Function deviceGet;
    final Function deviceGetName;
    final Function deviceGetAttribute;
    final Function primaryContextRetain;
    final Function primaryContextRelease;
    final Function contextSetCurrent;
    final Function memGetInfo;
    final Function memAlloc;
    final Function memFree;
    final Function memHostAlloc;
    final Function memFreeHost;
    final Function copyToDevice;
    final Function copyToHost;
    final Function copyDevice;
    final Function fill;
    final Function streamCreate;
    final Function streamDestroy;
    final Function streamSynchronize;
    final Function streamWaitEvent;
    final Function eventCreate;
    final Function eventDestroy;
    final Function eventRecord;
    final Function eventSynchronize;
    final Function eventElapsedTime;
    final Function moduleLoadData;
    final Function moduleUnload;
    final Function moduleGetFunction;
    final Function functionGetAttribute;
    final Function functionSetAttribute;
    final Function launchKernel;
    final Function tensorMapEncodeTiled;
    private final Function getErrorName;
    private final Function getErrorString;

    private Driver(Functions f) throws Unavailable {
        init = f.find("cuInit", INT);
        driverGetVersion = f.find("cuDriverGetVersion", POINTER);
        deviceGetCount = f.find("cuDeviceGetCount", POINTER);
        deviceGet = f.find("cuDeviceGet", POINTER, INT);
        deviceGetName = f.find("cuDeviceGetName", POINTER, INT, INT);
        deviceGetAttribute = f.find("cuDeviceGetAttribute", POINTER, INT, INT);
        primaryContextRetain = f.find("cuDevicePrimaryCtxRetain", POINTER, INT);
        primaryContextRelease = f.find("cuDevicePrimaryCtxRelease_v2", INT);
        contextSetCurrent = f.find("cuCtxSetCurrent", POINTER);
        memGetInfo = f.find("cuMemGetInfo_v2", POINTER, POINTER);
        memAlloc = f.find("cuMemAlloc_v2", POINTER, LONG);
        memFree = f.find("cuMemFree_v2", LONG);
        memHostAlloc = f.find("cuMemHostAlloc", POINTER, LONG, INT);
        memFreeHost = f.find("cuMemFreeHost", POINTER);
        copyToDevice = f.find("cuMemcpyHtoDAsync_v2", LONG, POINTER, LONG, POINTER);
        copyToHost = f.find("cuMemcpyDtoHAsync_v2", POINTER, LONG, LONG, POINTER);
        copyDevice = f.find("cuMemcpyDtoDAsync_v2", LONG, LONG, LONG, POINTER);
        fill = f.find("cuMemsetD8Async", LONG, ValueLayout.JAVA_BYTE, LONG, POINTER);
        streamCreate = f.find("cuStreamCreate", POINTER, INT);
        streamDestroy = f.find("cuStreamDestroy_v2", POINTER);
        streamSynchronize = f.find("cuStreamSynchronize", POINTER);
        streamWaitEvent = f.find("cuStreamWaitEvent", POINTER, POINTER, INT);
        eventCreate = f.find("cuEventCreate", POINTER, INT);
        eventDestroy = f.find("cuEventDestroy_v2", POINTER);
        eventRecord = f.find("cuEventRecord", POINTER, POINTER);
        eventSynchronize = f.find("cuEventSynchronize", POINTER);
        eventElapsedTime = f.find("cuEventElapsedTime", POINTER, POINTER, POINTER);
        moduleLoadData = f.find("cuModuleLoadData", POINTER, POINTER);
        moduleUnload = f.find("cuModuleUnload", POINTER);
        moduleGetFunction = f.find("cuModuleGetFunction", POINTER, POINTER, POINTER);
        functionGetAttribute = f.find("cuFuncGetAttribute", POINTER, INT, POINTER);
        functionSetAttribute = f.find("cuFuncSetAttribute", POINTER, INT, INT);
        launchKernel = f.find("cuLaunchKernel", POINTER, INT, INT, INT, INT, INT, INT, INT, POINTER, POINTER, POINTER);
        tensorMapEncodeTiled = f.find("cuTensorMapEncodeTiled", POINTER, INT, INT, LONG, POINTER, POINTER, POINTER,
                POINTER, INT, INT, INT, INT);
        getErrorName = f.find("cuGetErrorName", INT, POINTER);
        getErrorString = f.find("cuGetErrorString", INT, POINTER);
    }

    /**
     * Loads and initialises the driver.
     *
     * @throws Unavailable if there is none, it is too old, or it finds no GPU
     */
    static Driver load(LibraryFinder finder) throws Unavailable {
        Driver driver = new Driver(new Functions("the CUDA driver", finder.load("cuda")));
        int status = driver.init.call(0);
        if (status != 0) {
            throw new Unavailable("the CUDA driver does not start: " + driver.error(status));
        }
        return driver;
    }

    /**
     * Calls a function that must succeed.
     *
     * @throws CudaException if it does not
     */
    void call(Function function, Object... arguments) {
        int status = function.call(arguments);
        if (status != 0) {
            throw new CudaException(function.describe(arguments) + " failed: " + error(status));
        }
    }

    /** CUDA's own name and words for a status. */
    String error(int status) {
        return text(getErrorName, status) + " (" + text(getErrorString, status) + ")";
    }

    @SuppressWarnings("restricted") // the driver gives a C string without its length
    private static String text(Function function, int status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
            if (function.call(status, out) != 0) {
                return "error " + status;
            }
            return out.get(ValueLayout.ADDRESS, 0).reinterpret(1024).getString(0);
        }
    }
}
