-- wanted running, the guest has switched itself off; the reconciler makes that what is wanted
ALTER TABLE "vms" ADD COLUMN "seen_guest_off" BOOLEAN NOT NULL DEFAULT false;
-- few at a time: the sweep asks for them every second
CREATE INDEX "vms_guest_off" ON "vms" ("server_id") WHERE "seen_guest_off";
-- null: nobody asked, the guest did it
ALTER TABLE "server_actions" ALTER COLUMN "user_id" DROP NOT NULL;
