/** The endpoint where CI asks whether it may deploy. */
import type { Context } from "hono";
import type { Gate } from "../../../schemas/answers/gate.ts";
import { GateQuestion } from "../../../schemas/questions/question.ts";
import { isBound } from "../../ledger/authority/grants.ts";
import { grantsByPresentNames } from "../../ledger/names/name-renames.ts";
import { gate, gateOfCommit } from "../../queries/gate/gate.ts";
import { comparedPersons, type Ledger } from "../context.ts";
import { askedBy, holder, moment, query, refuseElsewhere } from "../request.ts";
import { sideBySide } from "./group.ts";

/** Also open to tokens of writers, which pipelines hold: the answer is only about the names in the request. */
export async function gateAnswer(ledger: Ledger, c: Context): Promise<object> {
  const who = await holder(ledger, c, "ask", "write");
  const { environment, group, service, digest, commit, ...asked } = query(c, GateQuestion);
  const when = await moment(askedBy(ledger, who), asked);
  return sideBySide<Gate>(when, { environment, group, service }, async (one, named = service) => {
    const place = { environment: one, service: named };
    refuseElsewhere(isBound(who) ? grantsByPresentNames(await when.renames(), who) : who, place);
    const policy = ledger.gatePolicy;
    const policies = policy === undefined ? undefined : { policy, people: comparedPersons(ledger) };
    return digest === undefined
      ? gateOfCommit(when, { ...place, commit: commit ?? "" }, policies)
      : gate(when, { ...place, digest }, policies);
  });
}
