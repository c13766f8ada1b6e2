import { criteriaCompared, probabilistic } from "./criteria.ts";
import { dcFig6 } from "./dc-fig6.ts";
import { dcTable } from "./dc-table.ts";
import { dropout } from "./dropout.ts";
import { energy } from "./energy.ts";
import type { Experiment } from "./experiment.ts";
import { fig5 } from "./fig5.ts";
import { fig6 } from "./fig6.ts";
import { turns } from "./in-turn.ts";
import { iterative } from "./iterative.ts";
import { neuraltalk } from "./neuraltalk.ts";
import { neurons } from "./neurons.ts";
import { histograms, mask } from "./pictures.ts";
import { rate } from "./rate.ts";
import { sharingInit } from "./sharing-init.ts";
import { table1, table3, table4 } from "./tables.ts";
import { gpt, lstm } from "./texts.ts";
import { zoo } from "./zoo.ts";

/** The experiments by the names that the command line gives them. */
export const experiments: ReadonlyMap<string, Experiment> = new Map<string, Experiment>([
  ["table1", table1],
  ["table3", table3],
  ["table4", table4],
  ["fig5", fig5],
  ["fig6", fig6],
  ["iterative", iterative],
  ["probabilistic", probabilistic],
  ["criteria", criteriaCompared],
  ["dropout", dropout],
  ["in-turn", turns],
  ["neurons", neurons],
  ["histograms", histograms],
  ["mask", mask],
  ["energy", energy],
  ["dc-fig6", dcFig6],
  ["dc-table", dcTable],
  ["sharing-init", sharingInit],
  ["rate", rate],
  ["lstm", lstm],
  ["gpt", gpt],
  ["neuraltalk", neuraltalk],
  ["zoo", zoo],
]);
