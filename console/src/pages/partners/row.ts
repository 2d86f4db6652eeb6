// row: a partner with what is told of it elsewhere: the agreements it is a party of, what went both ways, and how its feed here does.
import type { Agreement, Balance, Partner } from "../../lib/share.ts";
import type { Feed } from "../../lib/types.ts";

export interface Row { partner: Partner; agreements: Agreement[]; in_force: number; given: number; received: number; balance: Balance | undefined; feed: Feed | undefined }
