-- why a locked server is locked, as the user said
ALTER TABLE "servers" ADD COLUMN "locked_reason" TEXT;
