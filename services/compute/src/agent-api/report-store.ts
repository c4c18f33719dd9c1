import type { Report } from '@caelum/agent-protocol'
import { Prisma, type PrismaClient } from '../generated/client.ts'

export type ReportStore = ReturnType<typeof reportStore>

export const reportStore = (db: PrismaClient) => ({
  /**
   * Takes in a report whole, or not at all when a newer agent owns the host or a newer report is known: one statement,
   * so one commit. Facts about an older generation than already known are left out. A vm that is wanted gone and is
   * gone has served its purpose: its row, the claim, goes.
   *
   * Servers whose reconciler may have something to do now (facts as wanted, a guest off by itself, a fault) are due at
   * once, however long they were to wait; so nothing depends on the bells that are rung for them afterwards. Mere
   * progress of an agent is not worth a look.
   *
   * Rows are locked in the order host, vms, servers, as by whoever changes a want.
   *
   * @returns the servers that are due; null when refused
   */
  async take(host: string, report: Report, now: Date): Promise<string[] | null> {
    const { host: facts } = report
    const refreshed = facts
      ? Prisma.sql`, seen_facts = ${JSON.stringify(facts)}::jsonb, vcpus = ${facts.vcpus}, ram_mb = ${facts.ram_mb},
          disk_gb = ${facts.disk_gb}`
      : Prisma.empty
    const [taken] = await db.$queryRaw<{ accepted: boolean; due: string[] }[]>`
      with host as (
        update hosts set agent_seq = ${report.seq}, seen_at = ${now}${refreshed}
        where name = ${host} and agent_epoch = ${report.epoch} and agent_seq < ${report.seq} returning id
      ), seen as (
        select v.id, r.generation, r.power, r.guest_off, r.reboots_soft, r.reboots_hard, r.step, r.fault,
          r.power = 'gone' and v.want_power = 'gone' and r.generation >= v.generation as is_over
        from jsonb_to_recordset(${JSON.stringify(report.vms)}::jsonb) as r (id uuid, generation int, power text,
          guest_off boolean, reboots_soft int, reboots_hard int, step text, fault jsonb)
        join vms v on v.id = r.id join host on host.id = v.host_id
      ), gone as (
        delete from vms v using seen where v.id = seen.id and seen.is_over and seen.generation >= v.generation
        returning v.server_id
      ), changed as (
        update vms v set seen_generation = seen.generation, seen_power = seen.power,
          seen_guest_off = seen.guest_off, seen_reboots_soft = seen.reboots_soft,
          seen_reboots_hard = seen.reboots_hard, seen_step = seen.step, seen_fault = seen.fault, seen_at = ${now}
        from seen where v.id = seen.id and not seen.is_over and v.seen_generation <= seen.generation
          and (v.seen_generation, v.seen_power, v.seen_guest_off, v.seen_reboots_soft, v.seen_reboots_hard, v.seen_step,
              v.seen_fault)
            is distinct from (seen.generation, seen.power, seen.guest_off, seen.reboots_soft, seen.reboots_hard,
              seen.step, seen.fault)
        returning v.server_id,
          v.seen_power = v.want_power or v.seen_guest_off or v.seen_fault is not null as is_news
      ), news as (
        select server_id from gone union all select server_id from changed where is_news
      ), due as (
        update servers set next_try_at = null from news where id = news.server_id and next_try_at is not null
      )
      select exists (select from host) as accepted, array(select server_id::text from news) as due`
    return taken?.accepted ? taken.due : null
  },
})
