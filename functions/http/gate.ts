/** The endpoint where CI asks whether it may deploy. */
import type { Context } from "hono";
import type { Gate } from "../../schemas/gate.ts";
import { GateQuestion } from "../../schemas/question.ts";
import { boundElsewhere } from "../ledger/authority.ts";
import { gate } from "../queries/gate.ts";
import type { Ledger } from "./context.ts";
import { EndpointError } from "./problem.ts";
import { holder, moment, query } from "./request.ts";

/** Also open to tokens of writers, which pipelines hold: the answer is only about the names in the request. */
export async function gateAnswer(ledger: Ledger, c: Context): Promise<Gate> {
  const who = await holder(ledger, c, "ask", "write");
  const { environment, service, digest, ...asked } = query(c, GateQuestion);
  const elsewhere = boundElsewhere(who, environment);
  if (elsewhere !== undefined) throw new EndpointError("forbidden", elsewhere);
  return gate(await moment(ledger, asked), { environment, service, digest });
}
