package io.moeplan.engine.cuda.driver;

import static io.moeplan.engine.cuda.driver.Functions.INT;
import static io.moeplan.engine.cuda.driver.Functions.LONG;
import static io.moeplan.engine.cuda.driver.Functions.POINTER;

import io.moeplan.engine.cuda.driver.Functions.Function;
import java.util.function.IntFunction;

/** The functions of cuBLASLt that dense products need, by their names. */
final class CublasLt {
    final Function create;
    final Function destroy;
    final Function matmulDescCreate;
    final Function matmulDescDestroy;
    final Function matmulDescSetAttribute;
    final Function matrixLayoutCreate;
    final Function matrixLayoutDestroy;
    final Function preferenceCreate;
    final Function preferenceDestroy;
    final Function preferenceSetAttribute;
    final Function algoGetHeuristic;
    final Function matmul;
    private final IntFunction<String> statusName;

    private CublasLt(Functions f) throws Unavailable {
        create = f.find("cublasLtCreate", POINTER);
        destroy = f.find("cublasLtDestroy", POINTER);
        matmulDescCreate = f.find("cublasLtMatmulDescCreate", POINTER, INT, INT);
        matmulDescDestroy = f.find("cublasLtMatmulDescDestroy", POINTER);
        matmulDescSetAttribute = f.find("cublasLtMatmulDescSetAttribute", POINTER, INT, POINTER, LONG);
        matrixLayoutCreate = f.find("cublasLtMatrixLayoutCreate", POINTER, INT, LONG, LONG, LONG);
        matrixLayoutDestroy = f.find("cublasLtMatrixLayoutDestroy", POINTER);
        preferenceCreate = f.find("cublasLtMatmulPreferenceCreate", POINTER);
        preferenceDestroy = f.find("cublasLtMatmulPreferenceDestroy", POINTER);
        preferenceSetAttribute = f.find("cublasLtMatmulPreferenceSetAttribute", POINTER, INT, POINTER, LONG);
        algoGetHeuristic = f.find("cublasLtMatmulAlgoGetHeuristic", POINTER, POINTER, POINTER, POINTER, POINTER,
                POINTER, POINTER, INT, POINTER, POINTER);
        matmul = f.find("cublasLtMatmul", POINTER, POINTER, POINTER, LONG, POINTER, LONG, POINTER, POINTER, LONG,
                POINTER, LONG, POINTER, POINTER, LONG, LONG, POINTER);
        statusName = f.findNames("cublasLtGetStatusName");
    }

    /** @throws Unavailable if there is no cuBLASLt or it is too old */
    static CublasLt load(LibraryFinder finder) throws Unavailable {
        return new CublasLt(new Functions("cuBLASLt", finder.load("cublasLt")));
    }

    /**
     * Calls a function that must succeed.
     *
     * @throws CudaException if it does not
     */
    void call(Function function, Object... arguments) {
        int status = function.call(arguments);
        if (status != 0) {
            throw new CudaException(function.describe(arguments) + " failed: " + statusName.apply(status));
        }
    }
}
