-- Chains go from a reference to the row that it leads to: by the row's own hash, which the reference's token holds.

create index res_by_own on res (tenant, own);
