import { isFieldSet } from "@bufbuild/protobuf";
import { type LayerParameter, type NetState, type NetStateRule, NetStateRuleSchema, Phase } from "./caffe_pb.ts";

/** Whether a layer is part of the network in the phase TEST, at the level and stages that the network states. */
export function isIncluded({ include, exclude }: LayerParameter, state: NetState | undefined): boolean {
  const meets = (rule: NetStateRule) => meetsRule(rule, state?.level ?? 0, new Set(state?.stage));
  return include.length > 0 ? include.some(meets) : !exclude.some(meets);
}

function meetsRule(rule: NetStateRule, level: number, stages: ReadonlySet<string>): boolean {
  const { phase, minLevel, maxLevel } = NetStateRuleSchema.field;
  return (
    !(isFieldSet(rule, phase) && rule.phase !== Phase.TEST) &&
    !(isFieldSet(rule, minLevel) && level < rule.minLevel) &&
    !(isFieldSet(rule, maxLevel) && level > rule.maxLevel) &&
    rule.stage.every((stage) => stages.has(stage)) &&
    !rule.notStage.some((stage) => stages.has(stage))
  );
}
