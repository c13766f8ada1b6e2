/** The worker that `load` decodes in: that of the package `espalier-runtime`. */
import "espalier-runtime/worker";
