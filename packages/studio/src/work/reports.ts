// What draws reports takes as long to load as all else: it comes when one is asked for.
export { compressReport, pruneReport, pruneWithoutLabelsReport, quantizeReport } from "espalier";
