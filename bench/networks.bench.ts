/** The same table as that of `training-step`, under the name that the large networks' part of it had. */
import "./training-step.bench.ts";
