// row: a partner with what is told of it elsewhere: the agreements it is a party of, and what went both ways.
import type { Agreement, Balance, Partner } from "../../lib/share.ts";

export interface Row { partner: Partner; agreements: Agreement[]; in_force: number; given: number; received: number; balance: Balance | undefined }
